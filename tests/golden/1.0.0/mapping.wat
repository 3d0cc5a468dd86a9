;; A mapping of WIT 1.0.0, by hand. It delivers every event with its user, type, time and, if they are an
;; object, its event properties. It asks the selector about two groups; by its own rule the first one is
;; the account.
(component
  (import "accoil:event-stream/types@1.0.0" (instance $types
    (type $event-shape (record
      (field "id" string) (field "event-type" string)
      (field "user-id" (option string)) (field "device-id" (option string)) (field "time" (option string))
      (field "event-properties" string) (field "user-properties" string)
      (field "groups" string) (field "group-properties" string) (field "attributes" string)))
    (export "event" (type $event (eq $event-shape)))
    (type $group-shape (record (field "group-id" string) (field "group-type" string) (field "traits" string)))
    (export "group" (type $group (eq $group-shape)))
    (type $group-traits-shape (record (field "group-id" string) (field "traits" string)))
    (export "group-traits" (type $group-traits (eq $group-traits-shape)))
    (type $accoil-event-shape (record
      (field "user-id" (option string)) (field "event" (option string)) (field "timestamp" (option string))
      (field "metadata" string) (field "group-traits" (list $group-traits))))
    (export "accoil-event" (type $accoil-event (eq $accoil-event-shape)))
    (type $outcome-shape (variant
      (case "deliver" (list $accoil-event)) (case "skip" string) (case "reject" string)))
    (export "outcome" (type $outcome (eq $outcome-shape)))
    (type $selection-shape (variant
      (case "default-rule") (case "none") (case "candidate" u32) (case "custom" $group)))
    (export "selection" (type $selection (eq $selection-shape)))
    (type $description-shape (record
      (field "name" string) (field "version" string) (field "summary" string) (field "settings-schema" string)))
    (export "description" (type $description (eq $description-shape)))))
  (alias export $types "event" (type $event))
  (alias export $types "group" (type $group))
  (alias export $types "outcome" (type $outcome))
  (alias export $types "selection" (type $selection))
  (alias export $types "description" (type $description))
  (import "accoil:event-stream/group-choice@1.0.0" (instance $choice
    (alias outer 1 $group (type $group-outside))
    (export "group" (type $group (eq $group-outside)))
    (alias outer 1 $selection (type $selection-outside))
    (export "selection" (type $selection (eq $selection-outside)))
    (export "active" (func (result bool)))
    (export "choose" (func (param "event-index" u32) (param "candidates" (list $group)) (result $selection)))))
  ;; A call of the host needs a memory before there is an instance that has one.
  (core module $base
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 4096))
    (func $alloc (export "alloc") (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $top))
      (global.set $top (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
      (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
        (then
          (if (i32.eq (i32.const -1) (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))))
            (then (unreachable)))))
      (local.get $at))
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (call $alloc (local.get $size))))
  (core instance $base (instantiate $base))
  (core func $active (canon lower (func $choice "active")))
  (core func $choose (canon lower (func $choice "choose")
    (memory $base "memory") (realloc (func $base "realloc"))))

  (core module $guest
    (import "base" "memory" (memory 1))
    (import "base" "alloc" (func $alloc (param i32) (result i32)))
    (import "choice" "active" (func $active (result i32)))
    (import "choice" "choose" (func $choose (param i32 i32 i32 i32)))
    ;; 512: `{}`; 514, 519: ids; 525: a type; 532: traits; 546: the description.
    (data (i32.const 512) "{}" "first" "second" "Account" "{\22plan\22:\22pro\22}" "golden-mapping" "1.0.0" "A mapping.")
    ;; The description: where each of its four texts is, and how long.
    (data (i32.const 64)
      "\22\02\00\00\0e\00\00\00\30\02\00\00\05\00\00\00"
      "\35\02\00\00\0a\00\00\00\00\02\00\00\02\00\00\00")
    ;; The two groups: id, type and traits of each.
    (data (i32.const 128)
      "\02\02\00\00\05\00\00\00\0d\02\00\00\07\00\00\00\00\02\00\00\02\00\00\00"
      "\07\02\00\00\06\00\00\00\0d\02\00\00\07\00\00\00\14\02\00\00\0e\00\00\00")
    (func (export "describe") (result i32) (i32.const 64))

    ;; Writes the account into the place of an Accoil event's groups.
    (func $account (param $index i32) (param $groups i32)
      (local $case i32) (local $group i32) (local $told i32)
      (if (call $active)
        (then
          (call $choose (local.get $index) (i32.const 128) (i32.const 2) (i32.const 256))
          (local.set $case (i32.load8_u (i32.const 256)))))
      (if (i32.eq (local.get $case) (i32.const 1)) (then (return)))
      (local.set $group (i32.const 128))
      (if (i32.eq (local.get $case) (i32.const 2))
        (then
          (local.set $group
            (i32.add (i32.const 128) (i32.mul (i32.load (i32.const 260)) (i32.const 24))))))
      (if (i32.eq (local.get $case) (i32.const 3)) (then (local.set $group (i32.const 260))))
      (local.set $told (call $alloc (i32.const 16)))
      (i64.store (local.get $told) (i64.load align=4 (local.get $group)))
      (i64.store offset=8 (local.get $told) (i64.load offset=16 align=4 (local.get $group)))
      (i32.store (local.get $groups) (local.get $told))
      (i32.store offset=4 (local.get $groups) (i32.const 1)))

    (func $on_event (param $index i32) (param $event i32) (param $outcome i32)
      (local $out i32)
      (local.set $out (call $alloc (i32.const 52)))
      (memory.fill (local.get $out) (i32.const 0) (i32.const 52))
      (memory.copy (local.get $out) (i32.add (local.get $event) (i32.const 16)) (i32.const 12))
      (i32.store8 offset=12 (local.get $out) (i32.const 1))
      (i64.store offset=16 align=4 (local.get $out) (i64.load offset=8 align=4 (local.get $event)))
      (memory.copy (i32.add (local.get $out) (i32.const 24)) (i32.add (local.get $event) (i32.const 40)) (i32.const 12))
      (i32.store offset=36 (local.get $out) (i32.const 512))
      (i32.store offset=40 (local.get $out) (i32.const 2))
      (if (i32.eq (i32.const 123) (i32.load8_u (i32.load offset=52 (local.get $event))))
        (then (i64.store offset=36 align=4 (local.get $out) (i64.load offset=52 align=4 (local.get $event)))))
      (call $account (local.get $index) (i32.add (local.get $out) (i32.const 44)))
      (i32.store (local.get $outcome) (i32.const 0))
      (i32.store offset=4 (local.get $outcome) (local.get $out))
      (i32.store offset=8 (local.get $outcome) (i32.const 1)))

    (func (export "transform") (param i32 i32) (param $event i32) (param $events i32) (result i32)
      (local $answer i32) (local $outcome i32) (local $index i32)
      (local.set $answer (call $alloc (i32.const 8)))
      (local.set $outcome (call $alloc (i32.mul (local.get $events) (i32.const 12))))
      (i32.store (local.get $answer) (local.get $outcome))
      (i32.store offset=4 (local.get $answer) (local.get $events))
      (block $done
        (loop $next
          (br_if $done (i32.eq (local.get $index) (local.get $events)))
          (call $on_event (local.get $index) (local.get $event) (local.get $outcome))
          (local.set $event (i32.add (local.get $event) (i32.const 92)))
          (local.set $outcome (i32.add (local.get $outcome) (i32.const 12)))
          (local.set $index (i32.add (local.get $index) (i32.const 1)))
          (br $next)))
      (local.get $answer)))
  (core instance $guest (instantiate $guest
    (with "base" (instance $base))
    (with "choice" (instance (export "active" (func $active)) (export "choose" (func $choose))))))

  (func $describe (result $description)
    (canon lift (core func $guest "describe") (memory $base "memory")))
  (func $transform (param "settings" string) (param "events" (list $event)) (result (list $outcome))
    (canon lift (core func $guest "transform") (memory $base "memory") (realloc (core func $base "realloc"))))
  (instance $plugin (export "describe" (func $describe)))
  (export "accoil:event-stream/plugin@1.0.0" (instance $plugin))
  (instance $mapping (export "transform" (func $transform)))
  (export "accoil:event-stream/mapping@1.0.0" (instance $mapping)))
