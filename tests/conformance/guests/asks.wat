;; Asks about each event, with the group "g" of type "g" without traits, and skips the event with its id whatever it
;; is told. `$on_answer` gets the case of the selection.
(import "choice" "active" (func $active (result i32)))
(import "choice" "choose" (func $choose (param i32 i32 i32 i32)))
(import "shared" "memory" (memory $shared 1))
(export "memory" (memory $shared))
(data (i32.const 64) "g{}")
(global $index (mut i32) (i32.const 0))
(func $on_event (param $event i32) (param $outcome i32)
  (i32.store (i32.const 128) (i32.const 64)) (i32.store (i32.const 132) (i32.const 1))
  (i32.store (i32.const 136) (i32.const 64)) (i32.store (i32.const 140) (i32.const 1))
  (i32.store (i32.const 144) (i32.const 65)) (i32.store (i32.const 148) (i32.const 2 (; of traits ;)))
  (if (call $active)
    (then
      (call $choose (global.get $index) (i32.const 128) (i32.const 1) (i32.const 256))
      (call $on_answer (i32.load8_u (i32.const 256)))))
  (global.set $index (i32.add (global.get $index) (i32.const 1)))
  (call $skip_with_id (local.get $event) (local.get $outcome)))
