;; 64 KiB, and as much more as `$alloc` needs.
(memory (export "memory") 1)
