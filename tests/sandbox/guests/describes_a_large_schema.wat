;; Its schema is 10 MB of spaces.
(memory (export "memory") 170)
(func (export "describe") (result i32)
  (memory.fill (i32.const 65536) (i32.const 32) (i32.const 10000000))
  (i32.store (i32.const 56) (i32.const 65536))
  (i32.store (i32.const 60) (i32.const 10000000))
  (i32.const 32))
