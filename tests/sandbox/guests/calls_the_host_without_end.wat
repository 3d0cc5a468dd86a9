;; Asks the host the same question for ever.
(import "choice" "active" (func $active (result i32)))
(func $on_event (param i32 i32)
  (loop $again
    (drop (call $active))
    (br $again)))
