;; A component of the world `mapping-component`, by hand, around one core
;; module. What stands in braces is put in by `guest.rs`.
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
  {before}
  (core module $guest
    {guest})
  (core instance $guest (instantiate $guest {with}))

  (func $describe (result $description)
    (canon lift (core func $guest "describe") (memory $guest "memory")))
  (func $transform (param "settings" string) (param "events" (list $event)) (result (list $outcome))
    (canon lift (core func $guest "transform") (memory $guest "memory")
      (realloc (core func $guest "cabi_realloc")) (post-return (core func $guest "cabi_post_transform"))))
  (instance $plugin (export "describe" (func $describe)))
  (export "accoil:event-stream/plugin@1.0.0" (instance $plugin))
  (instance $mapping (export "transform" (func $transform)))
  (export "accoil:event-stream/mapping@1.0.0" (instance $mapping))
)
