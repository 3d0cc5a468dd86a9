;; Takes all the memory that it can get, and leaves a byte everywhere.
(func $on_event (param i32 i32)
  (loop $again
    (br_if $again (i32.ne (i32.const -1) (memory.grow (i32.const 1)))))
  (memory.fill (i32.const 0) (i32.const 170) (i32.mul (memory.size) (i32.const 65536)))
  (unreachable))
