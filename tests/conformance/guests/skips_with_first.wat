;; Skips every event with the id of the first one of its batch.
(global $first (mut i32) (i32.const 0))
(func $on_event (param $event i32) (param $outcome i32)
  (if (i32.eqz (global.get $first)) (then (global.set $first (local.get $event))))
  (call $skip_with_id (global.get $first) (local.get $outcome)))
