;; A call of the host needs a memory before there is an instance that has one.
(core module $shared
  (memory (export "memory") 1)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 512)))
(core instance $shared (instantiate $shared))
(core func $active (canon lower (func $choice "active")))
(core func $choose (canon lower (func $choice "choose")
  (memory $shared "memory") (realloc (func $shared "realloc"))))
