;; Two thousand outcomes, each with the same string of 24,000 bytes: 48 MB out of one page of memory.
(func (export "transform") (param i32 i32 i32 i32) (result i32)
  (local $outcome i32)
  (local.set $outcome (i32.const 512))
  (loop $next
    (i32.store8 (local.get $outcome) (i32.const 1))
    (i32.store offset=4 (local.get $outcome) (i32.const 40000))
    (i32.store offset=8 (local.get $outcome) (i32.const 24000))
    (local.set $outcome (i32.add (local.get $outcome) (i32.const 12)))
    (br_if $next (i32.lt_u (local.get $outcome) (i32.const 24512))))
  (i32.store (i32.const 128) (i32.const 512))
  (i32.store (i32.const 132) (i32.const 2000))
  (i32.const 128))
