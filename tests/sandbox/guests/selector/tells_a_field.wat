;; Chooses a group whose id is one of the texts among the arguments, and whose type is the selector's settings; no
;; account, when a byte says that the text is absent.
(data (i32.const 512) "{}")
(func $on_select (param $asked i32) (param $answer i32)
  (i32.store8 (local.get $answer) (i32.const 1))
  (if (i32.load8_u (i32.add (local.get $asked) (i32.const {is_there})))
    (then
      (i32.store8 (local.get $answer) (i32.const 3))
      (i64.store offset=4 align=4 (local.get $answer)
        (i64.load align=4 (i32.add (local.get $asked) (i32.const {text}))))
      (i64.store offset=12 align=4 (local.get $answer) (i64.load align=4 (local.get $asked)))
      (i32.store offset=20 (local.get $answer) (i32.const 512))
      (i32.store offset=24 (local.get $answer) (i32.const 2)))))
