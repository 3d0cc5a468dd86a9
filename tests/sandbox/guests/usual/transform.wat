;; Calls `$on_event` for each event (92 bytes) with the place of its outcome (12 bytes).
(func (export "transform") (param i32 i32) (param $event i32) (param $events i32) (result i32)
  (local $answer i32) (local $outcome i32)
  (local.set $answer (call $alloc (i32.const 8)))
  (local.set $outcome (call $alloc (i32.mul (local.get $events) (i32.const 12))))
  (i32.store (local.get $answer) (local.get $outcome))
  (i32.store offset=4 (local.get $answer) (local.get $events))
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $events)))
      (call $on_event (local.get $event) (local.get $outcome))
      (local.set $event (i32.add (local.get $event) (i32.const 92)))
      (local.set $outcome (i32.add (local.get $outcome) (i32.const 12)))
      (local.set $events (i32.sub (local.get $events) (i32.const 1)))
      (br $next)))
  (local.get $answer))
