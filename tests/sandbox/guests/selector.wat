;; A component of the world `group-selector`, by hand, around one core module. What stands in braces is put in by
;; `guest.rs`. The arguments of `select` lie in memory: settings at 0, the event at 8 (its type at 16, its user at 24),
;; candidates at 100 (24 bytes each). The answer has 28 bytes: the case at 0, what it holds from 4 on.
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
  {before}
  (core module $guest
    {guest})
  (core instance $guest (instantiate $guest {with}))

  (func $describe (result $description)
    (canon lift (core func $guest "describe") (memory $guest "memory")))
  (func $select (param "settings" string) (param "event" $event) (param "candidates" (list $group)) (result $selection)
    (canon lift (core func $guest "select") (memory $guest "memory")
      (realloc (core func $guest "cabi_realloc")) (post-return (core func $guest "cabi_post_select"))))
  (instance $plugin (export "describe" (func $describe)))
  (export "accoil:event-stream/plugin@1.0.0" (instance $plugin))
  (instance $selection (export "select" (func $select)))
  (export "accoil:event-stream/group-selection@1.0.0" (instance $selection))
)
