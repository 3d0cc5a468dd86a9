;; Its answer stands where no pointer can stand.
(func (export "transform") (param i32 i32 i32 i32) (result i32) (i32.const 129))
