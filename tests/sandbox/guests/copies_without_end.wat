;; Spends all its time inside of `memory.copy`, 1 MiB at a time.
(memory (export "memory") 33)
(func $on_event (param i32 i32)
  (loop $again
    (memory.copy (i32.const 65536) (i32.const 1114112) (i32.const 1048576))
    (br $again)))
