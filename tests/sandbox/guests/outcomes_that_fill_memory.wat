;; Gives 200,000 outcomes, all of them "deliver nothing": 2.4 MB of zeros.
(memory (export "memory") 40)
(func (export "transform") (param i32 i32 i32 i32) (result i32)
  (i32.store (i32.const 128) (i32.const 65536))
  (i32.store (i32.const 132) (i32.const 200000))
  (i32.const 128))
