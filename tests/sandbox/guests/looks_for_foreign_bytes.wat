;; Takes all the memory that it can get, and says whether all of it but its own first page is zero.
(data (i32.const 128) "cleandirty")
(func $on_event (param i32) (param $outcome i32)
  (local $at i32)
  (loop $again
    (br_if $again (i32.ne (i32.const -1) (memory.grow (i32.const 1)))))
  (i32.store8 (local.get $outcome) (i32.const 1))
  (i32.store offset=4 (local.get $outcome) (i32.const 128))
  (i32.store offset=8 (local.get $outcome) (i32.const 5))
  (local.set $at (i32.const 65536))
  (loop $next
    (if (i64.ne (i64.const 0) (i64.load (local.get $at)))
      (then (i32.store offset=4 (local.get $outcome) (i32.const 133))))
    (local.set $at (i32.add (local.get $at) (i32.const 8)))
    (br_if $next (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536))))))
