;; Chooses the last candidate; says that there is no account if there is none.
(func $on_event (param $event i32) (param $candidates i32) (param $count i32) (param $selection i32)
  (i32.store8 (local.get $selection) (select (i32.const 2) (i32.const 1) (local.get $count)))
  (if (local.get $count)
    (then (i32.store offset=4 (local.get $selection) (i32.sub (local.get $count) (i32.const 1))))))
