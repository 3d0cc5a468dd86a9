;; A thousand outcomes share a list of a hundred Accoil events, which share a list of a hundred groups: ten million
;; groups out of one page of memory.
(func (export "transform") (param i32 i32 i32 i32) (result i32)
  (local $at i32)
  ;; The groups at 16384 are zeros: empty ids, empty traits. The Accoil events at 24576:
  (local.set $at (i32.const 24576))
  (loop $next
    (i32.store offset=44 (local.get $at) (i32.const 16384))
    (i32.store offset=48 (local.get $at) (i32.const 100))
    (local.set $at (i32.add (local.get $at) (i32.const 52)))
    (br_if $next (i32.lt_u (local.get $at) (i32.const 29776))))
  ;; The outcomes:
  (local.set $at (i32.const 512))
  (loop $next
    (i32.store offset=4 (local.get $at) (i32.const 24576))
    (i32.store offset=8 (local.get $at) (i32.const 100))
    (local.set $at (i32.add (local.get $at) (i32.const 12)))
    (br_if $next (i32.lt_u (local.get $at) (i32.const 12512))))
  (i32.store (i32.const 128) (i32.const 512))
  (i32.store (i32.const 132) (i32.const 1000))
  (i32.const 128))
