;; Chooses another candidate each time that it is asked: what it says depends on what it was asked before.
(global $asked (mut i32) (i32.const 0))
(func $on_event (param $event i32) (param $candidates i32) (param $count i32) (param $selection i32)
  (if (local.get $count)
    (then
      (i32.store8 (local.get $selection) (i32.const 2))
      (i32.store offset=4 (local.get $selection) (i32.rem_u (global.get $asked) (local.get $count)))))
  (global.set $asked (i32.add (global.get $asked) (i32.const 1))))
