;; Calls itself until something gives.
(func $deeper (param $depth i64) (result i64)
  (i64.add (i64.const 1) (call $deeper (i64.add (local.get $depth) (i64.const 1)))))
(func $on_event (param i32 i32)
  (drop (call $deeper (i64.const 0))))
