;; Skips every event for a reason of 1,000,000 bytes, all from the same place.
(memory (export "memory") 20)
(func $on_event (param i32) (param $outcome i32)
  (i32.store8 (local.get $outcome) (i32.const 1))
  (i32.store offset=4 (local.get $outcome) (i32.const 131072))
  (i32.store offset=8 (local.get $outcome) (i32.const 1000000)))
