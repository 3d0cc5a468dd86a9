;; Name "guest", version "1.0.0", no summary, and the schema `{}`, which takes any settings.
(data (i32.const 16) "guest1.0.0{}")
(func (export "describe") (result i32)
  (i32.store (i32.const 32) (i32.const 16)) (i32.store (i32.const 36) (i32.const 5))
  (i32.store (i32.const 40) (i32.const 21)) (i32.store (i32.const 44) (i32.const 5))
  (i32.store (i32.const 48) (i32.const 26)) (i32.store (i32.const 52) (i32.const 0))
  (i32.store (i32.const 56) (i32.const 26)) (i32.store (i32.const 60) (i32.const 2))
  (i32.const 32))
