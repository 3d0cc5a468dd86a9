;; Spends all its time inside of `table.fill`.
(table $table 1500 funcref)
(func $on_event (param i32 i32)
  (loop $again
    (table.fill $table (i32.const 0) (ref.null func) (i32.const 1500))
    (br $again)))
