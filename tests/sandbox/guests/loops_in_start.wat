;; Never comes to be.
(func $start (loop $again (br $again)))
(start $start)
