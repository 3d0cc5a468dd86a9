;; A mapping that says of each event its type, and no more: as the reason of a
;; skip, of a reject if the type begins with `?`. It traps if it begins with `!`.
(component
  (import "accoil:event-stream/types@1.0.0" (instance $types
    (type $json string)
    (type $event' (record
      (field "id" string) (field "event-type" string)
      (field "user-id" (option string)) (field "device-id" (option string)) (field "time" (option string))
      (field "event-properties" $json) (field "user-properties" $json)
      (field "groups" $json) (field "group-properties" $json) (field "attributes" $json)))
    (export "event" (type (eq $event')))
    (type $traits' (record (field "group-id" string) (field "traits" $json)))
    (export "group-traits" (type $traits (eq $traits')))
    (type $accoil' (record
      (field "user-id" (option string)) (field "event" (option string)) (field "timestamp" (option string))
      (field "metadata" $json) (field "group-traits" (list $traits))))
    (export "accoil-event" (type $accoil (eq $accoil')))
    (type $outcome' (variant (case "deliver" (list $accoil)) (case "skip" string) (case "reject" string)))
    (export "outcome" (type (eq $outcome')))
    (type $description' (record
      (field "name" string) (field "version" string) (field "summary" string) (field "settings-schema" $json)))
    (export "description" (type (eq $description')))))
  (alias export $types "event" (type $event))
  (alias export $types "outcome" (type $outcome))
  (alias export $types "description" (type $description))

  (core module $code
    (memory (export "memory") 1)
    (data (i32.const 0) "echo1.0.0says what it got{}")
    ;; The description: where each of its four texts is, and how long.
    (data (i32.const 64) "\00\00\00\00\04\00\00\00\04\00\00\00\05\00\00\00\09\00\00\00\10\00\00\00\19\00\00\00\02\00\00\00")
    (global $free (mut i32) (i32.const 128))
    (func $allocate (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $free (i32.add (local.get $at) (local.get $size)))
      (loop $grow
        (if (i32.gt_u (global.get $free) (i32.mul (memory.size) (i32.const 65536)))
          (then
            (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
            (br $grow))))
      (local.get $at))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (call $allocate (local.get $align) (local.get $size)))
    (func (export "describe") (result i32) (i32.const 64))
    (func (export "transform") (param $settings i32) (param $settings-length i32)
        (param $event i32) (param $count i32) (result i32)
      (local $result i32) (local $outcome i32) (local $first i32)
      (local.set $result (call $allocate (i32.const 4) (i32.const 8)))
      (local.set $outcome (call $allocate (i32.const 4) (i32.mul (local.get $count) (i32.const 12))))
      (i32.store (local.get $result) (local.get $outcome))
      (i32.store offset=4 (local.get $result) (local.get $count))
      (block $done
        (loop $next
          (br_if $done (i32.eqz (local.get $count)))
          (local.set $first (i32.load8_u (i32.load offset=8 (local.get $event))))
          (if (i32.eq (local.get $first) (i32.const 33)) (then unreachable))
          (i32.store8 (local.get $outcome)
            (select (i32.const 2) (i32.const 1) (i32.eq (local.get $first) (i32.const 63))))
          (i32.store offset=4 (local.get $outcome) (i32.load offset=8 (local.get $event)))
          (i32.store offset=8 (local.get $outcome) (i32.load offset=12 (local.get $event)))
          (local.set $event (i32.add (local.get $event) (i32.const 92)))
          (local.set $outcome (i32.add (local.get $outcome) (i32.const 12)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $next)))
      (local.get $result)))
  (core instance $code (instantiate $code))

  (func $describe (result $description)
    (canon lift (core func $code "describe") (memory $code "memory")))
  (func $transform (param "settings" string) (param "events" (list $event)) (result (list $outcome))
    (canon lift (core func $code "transform") (memory $code "memory") (realloc (func $code "realloc"))))
  (instance $plugin (export "description" (type $description)) (export "describe" (func $describe)))
  (instance $mapping
    (export "event" (type $event)) (export "outcome" (type $outcome)) (export "transform" (func $transform)))
  (export "accoil:event-stream/plugin@1.0.0" (instance $plugin))
  (export "accoil:event-stream/mapping@1.0.0" (instance $mapping)))
