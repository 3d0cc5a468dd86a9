;; Calls `$on_select` with the arguments and the place of the answer, which is all zeros: the default rule.
(func (export "select") (param $asked i32) (result i32)
  (local $answer i32)
  (local.set $answer (call $alloc (i32.const 28)))
  (memory.fill (local.get $answer) (i32.const 0) (i32.const 28))
  (call $on_select (local.get $asked) (local.get $answer))
  (local.get $answer))
