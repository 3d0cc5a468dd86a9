(func (export "cabi_post_select") (param i32))
