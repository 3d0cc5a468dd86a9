;; A component of the world `group-selector`, by hand. What stands in braces is put in by the tests:
;; `$on_event` gets its event (92 bytes), its candidates (24 bytes each) and their number, and the place
;; of its selection (28 bytes of zeros, so that it says `default-rule`).
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
    (type $selection-shape (variant
      (case "default-rule") (case "none") (case "candidate" u32) (case "custom" $group)))
    (export "selection" (type $selection (eq $selection-shape)))
    (type $description-shape (record
      (field "name" string) (field "version" string) (field "summary" string) (field "settings-schema" string)))
    (export "description" (type $description (eq $description-shape)))))
  (alias export $types "event" (type $event))
  (alias export $types "group" (type $group))
  (alias export $types "selection" (type $selection))
  (alias export $types "description" (type $description))
  (core module $guest
    (memory (export "memory") 1)
    {guest}
    {describe}
    {alloc}
    {realloc}
    (func (export "select") (param $arguments i32) (result i32)
      (local $selection i32)
      (local.set $selection (call $alloc (i32.const 28)))
      (memory.fill (local.get $selection) (i32.const 0) (i32.const 28))
      (call $on_event
        (i32.add (local.get $arguments) (i32.const 8))
        (i32.load offset=100 (local.get $arguments)) (i32.load offset=104 (local.get $arguments))
        (local.get $selection))
      (local.get $selection)))
  (core instance $guest (instantiate $guest))
  (func $describe (result $description)
    (canon lift (core func $guest "describe") (memory $guest "memory")))
  (func $select (param "settings" string) (param "event" $event) (param "candidates" (list $group)) (result $selection)
    (canon lift (core func $guest "select") (memory $guest "memory") (realloc (core func $guest "cabi_realloc"))))
  (instance $plugin (export "describe" (func $describe)))
  (export "accoil:event-stream/plugin@1.0.0" (instance $plugin))
  (instance $group-selection (export "select" (func $select)))
  (export "accoil:event-stream/group-selection@1.0.0" (instance $group-selection)))
