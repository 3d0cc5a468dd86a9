;; Spends all its time inside of `memory.fill`, 2 MiB at a time.
(memory (export "memory") 33)
(func $on_event (param i32 i32)
  (loop $again
    (memory.fill (i32.const 65536) (i32.const 7) (i32.const 2097152))
    (br $again)))
