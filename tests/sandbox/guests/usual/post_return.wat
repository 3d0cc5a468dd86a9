(func (export "cabi_post_transform") (param i32))
