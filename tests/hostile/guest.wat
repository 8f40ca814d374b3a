;; A well-behaved actor that keeps one number. What a test has it do instead stands at `;;NAME` of an entry, before what
;; that does otherwise.
(module
  (import "changeling:actor/log@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32 i32 i32)))
  (import "changeling:actor/process@0.1.0" "exit" (func $exit (param i32 i32 i32)))
  (import "changeling:actor/process@0.1.0" "send-after" (func $send-after (param i64 i32 i32) (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:random/random@0.2.6" "get-random-bytes" (func $random (param i64 i32)))
  (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
    (func $print (param i32 i32 i32 i32)))

  ;; 2 MiB: what is passed in lies from 64 KiB on, and a message is not larger than 1 MiB.
  (memory (export "memory") 32)
  (table $table 1 funcref)
  (global $heap (mut i32) (i32.const 65536))
  (global $total (mut i32) (i32.const 0))

  ;; The shapes: {version 1, structure}, and lists of one of them.
  (data (i32.const 1024) "{total:u32}")
  (data (i32.const 2048) "\01\00\00\00\00\04\00\00\0b\00\00\00" "\20\08\00\00\01\00\00\00" "\20\08\00\00\01\00\00\00")
  (data (i32.const 2080) "\01\00\00\00\00\04\00\00\0b\00\00\00")
  ;; The saved state: ok, 4 bytes at 2128.
  (data (i32.const 2112) "\00\00\00\00\50\08\00\00\04\00\00\00")
  ;; An ok without a value at 2144, the status at 2160, what is echoed at 2192.
  (data (i32.const 2160) "\80\08\00\00\02\00\00\00")
  (data (i32.const 2176) "{}")
  ;;DATA

  ;; As deep as it goes, with locals so that each call takes some of the stack.
  (func $recurse (param $n i64) (result i64)
    (i64.add (call $recurse (i64.add (local.get $n) (i64.const 1))) (local.get $n)))

  (func $start
    ;;START
  )
  (start $start)

  (func (export "cabi_realloc") (param $old i32) (param $old-len i32) (param $align i32) (param $len i32) (result i32)
    (local $at i32)
    ;;REALLOC
    (local.set $at (i32.and
      (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $heap (i32.add (local.get $at) (local.get $len)))
    (local.get $at))

  (func (export "changeling:actor/state@0.1.0#shapes") (result i32)
    ;;SHAPES
    (i32.const 2048))

  (func (export "changeling:actor/state@0.1.0#save") (param $version i32) (result i32)
    ;;SAVE
    (i32.store (i32.const 2128) (global.get $total))
    (i32.const 2112))

  (func (export "changeling:actor/state@0.1.0#code-change")
    (param $version i32) (param $label i32) (param $label-len i32)
    (param $has-extra i32) (param $extra i32) (param $extra-len i32)
    (param $state i32) (param $state-len i32) (result i32)
    ;;CODE-CHANGE
    (global.set $heap (i32.const 65536))
    (global.set $total (i32.load (local.get $state)))
    (i32.const 2144))

  (func (export "changeling:actor/lifecycle@0.1.0#init")
    (param $address i32) (param $address-len i32) (param $has-args i32) (param $args i32) (param $args-len i32)
    (param $restarted i32) (param $reason i32) (param $words i32) (param $words-len i32) (result i32)
    ;;INIT
    (global.set $heap (i32.const 65536))
    (i32.const 2144))

  (func (export "changeling:actor/lifecycle@0.1.0#terminate") (param $reason i32) (param $words i32) (param $len i32)
    ;;TERMINATE
  )

  (func (export "changeling:actor/info@0.1.0#handle-info")
    (param $kind i32) (param $id i64) (param i32 i32 i32 i32 i32)
    ;;HANDLE-INFO
    (global.set $heap (i32.const 65536)))

  (func (export "changeling:actor/health@0.1.0#check") (result i32)
    ;;HEALTH
    (i32.const 2144))

  (func (export "changeling:actor/status@0.1.0#view") (result i32)
    ;;STATUS
    (i32.const 2160))

  (func (export "hostile:guest/work#add") (param $by i32) (result i32)
    (global.set $total (i32.add (global.get $total) (local.get $by)))
    (global.get $total))

  (func (export "hostile:guest/work#deed") (param $n i32) (result i32)
    ;;DEED
    (i32.const 0))

  (func (export "hostile:guest/work#echo") (param $text i32) (param $len i32) (result i32)
    (global.set $heap (i32.const 65536))
    (i32.store (i32.const 2192) (local.get $text))
    (i32.store (i32.const 2196) (local.get $len))
    (i32.const 2192))

  (func (export "cabi_post_hostile:guest/work#echo") (param $result i32)
    ;;POST-RETURN
  )
)
