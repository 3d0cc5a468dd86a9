;; Calls itself through a table until something gives.
(type $deeper (func (param i64) (result i64)))
(table $table 1 1 funcref)
(elem (i32.const 0) $deeper)
(func $deeper (type $deeper)
  (i64.add (i64.const 1) (call_indirect (type $deeper) (local.get 0) (i32.const 0))))
(func $on_event (param i32 i32)
  (drop (call $deeper (i64.const 0))))
