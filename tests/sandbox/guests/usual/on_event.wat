;; Skips every event, with its id for a reason.
(func $on_event (param $event i32) (param $outcome i32)
  (call $skip_with_id (local.get $event) (local.get $outcome)))
