;; Chooses a candidate that is not there, if there are hundreds.
(func $on_event (param $event i32) (param $candidates i32) (param $count i32) (param $selection i32)
  (if (i32.gt_u (local.get $count) (i32.const 100))
    (then
      (i32.store8 (local.get $selection) (i32.const 2))
      (i32.store offset=4 (local.get $selection) (local.get $count)))))
