;; Takes table elements, and gives up when there are no more.
(table $table 1 funcref)
(func $on_event (param i32 i32)
  (loop $again
    (br_if $again (i32.ne (i32.const -1) (table.grow $table (ref.null func) (i32.const 10)))))
  (unreachable))
