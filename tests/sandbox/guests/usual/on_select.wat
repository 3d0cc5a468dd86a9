;; Leaves the choice to the mapping.
(func $on_select (param $asked i32) (param $answer i32))
