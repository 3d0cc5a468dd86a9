;; Takes the next bytes above all that were taken so far, for ever.
(global $top (mut i32) (i32.const 32768))
(func $alloc (param $size i32) (result i32)
  (local $at i32)
  (local.set $at (global.get $top))
  (global.set $top (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
  (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
    (then
      (if (i32.eq (i32.const -1) (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))))
        (then (unreachable)))))
  (local.get $at))
