//! Components that are small, or look harmless, and are hard on whoever compiles or reads them. Whatever is made of one of
//! them, its `answer` is [`ANSWER`].

use wasm_encoder::{
    BlockType, CanonicalOption, CodeSection, Component, ComponentBuilder, ComponentExportKind, ComponentTypeRef,
    ComponentValType, ConstExpr, CustomSection, DataSection, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType, Module, ModuleArg,
    PrimitiveValType, RefType, TableSection, TableType, TypeSection, ValType,
};

/// What they all answer.
pub const ANSWER: u32 = 42;

/// A core module in its making: with the function `answer`, after those that it is given.
#[derive(Default)]
struct Core {
    functions: Vec<Function>,
    memories: Vec<u64>,
    tables: Vec<u64>,
    globals: usize,
    types: usize,
    exports: usize,
    data: Vec<(u32, usize)>,
}

fn memory(pages: u64) -> MemoryType {
    MemoryType { minimum: pages, maximum: None, memory64: false, shared: false, page_size_log2: None }
}

fn answering() -> Function {
    let mut answer = Function::new([]);
    answer.instructions().i32_const(ANSWER as i32).end();
    answer
}

impl Core {
    fn of(functions: impl IntoIterator<Item = Function>) -> Self {
        Self { functions: functions.into_iter().collect(), ..Self::default() }
    }

    /// The last of the functions is `answer`; all have its type.
    fn module(self) -> Module {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        (0..self.types).for_each(|_| types.ty().function([ValType::I64], [ValType::I32]));
        module.section(&types);
        let mut functions = FunctionSection::new();
        self.functions.iter().for_each(|_| _ = functions.function(0));
        module.section(&functions);
        let mut tables = TableSection::new();
        for minimum in &self.tables {
            let element_type = RefType::FUNCREF;
            tables.table(TableType { element_type, table64: false, minimum: *minimum, maximum: None, shared: false });
        }
        module.section(&tables);
        let mut memories = MemorySection::new();
        self.memories.iter().for_each(|pages| _ = memories.memory(memory(*pages)));
        module.section(&memories);
        let mut globals = GlobalSection::new();
        let of_i64 = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
        (0..self.globals).for_each(|_| _ = globals.global(of_i64, &ConstExpr::i64_const(0)));
        module.section(&globals);
        let last = self.functions.len() as u32 - 1;
        let mut exports = ExportSection::new();
        exports.export("answer", ExportKind::Func, last);
        (0..self.exports).for_each(|n| _ = exports.export(&format!("e{n}"), ExportKind::Func, last));
        module.section(&exports);
        let mut code = CodeSection::new();
        self.functions.iter().for_each(|function| _ = code.function(function));
        module.section(&code);
        let mut data = DataSection::new();
        for (at, len) in self.data {
            data.active(0, &ConstExpr::i32_const(at as i32), vec![7; len]);
        }
        module.section(&data);
        module
    }

    fn service(self) -> Vec<u8> {
        service(&self.module(), |_| {})
    }
}

/// A service that answers with what this module does, and with more in it.
fn service(module: &Module, more: impl FnOnce(&mut ComponentBuilder)) -> Vec<u8> {
    let mut it = ComponentBuilder::default();
    let answer = answer(&mut it, module);
    it.export("answer", ComponentExportKind::Func, answer, None);
    more(&mut it);
    it.finish()
}

/// The function `answer` of an instance of this module.
fn answer(it: &mut ComponentBuilder, module: &Module) -> u32 {
    let module = it.core_module(None, module);
    let none: [(&str, ModuleArg); 0] = [];
    let instance = it.core_instantiate(None, module, none);
    let core = it.core_alias_export(None, instance, "answer", ExportKind::Func);
    let (ty, mut function) = it.type_function(None);
    let none: [(&str, ComponentValType); 0] = [];
    function.params(none).result(Some(PrimitiveValType::U32.into()));
    it.lift_func(None, core, ty, [])
}

/// Loops within loops, each of which goes around with all locals: as many values as the product.
pub fn loops(depth: u32, locals: u32) -> Vec<u8> {
    Core::of([of_loops(depth, locals)]).service()
}

fn of_loops(depth: u32, locals: u32) -> Function {
    let mut function = Function::new([(locals, ValType::I64)]);
    let mut code = function.instructions();
    (0..depth).for_each(|_| _ = code.loop_(BlockType::Empty));
    for local in 0..locals {
        code.local_get(local).local_get((local + 1) % locals).i64_add().local_set(local);
    }
    for outwards in 0..depth {
        code.local_get(outwards % locals).i32_wrap_i64().br_if(outwards);
    }
    (0..depth).for_each(|_| _ = code.end());
    // All of them are wanted, and all are nought.
    code.local_get(0);
    (1..locals).for_each(|local| _ = code.local_get(local).i64_add());
    code.i32_wrap_i64().i32_const(ANSWER as i32).i32_add().end();
    function
}

/// One function of so many operations on so many values, none of which is known before it runs; now and then it calls
/// another, which leaves it no register.
pub fn long_function(operations: u32, values: u32, between_calls: u32) -> Vec<u8> {
    let mut function = Function::new([(values, ValType::I64)]);
    let mut code = function.instructions();
    (0..values).for_each(|n| _ = code.global_get(n).local_set(n));
    for n in 0..operations {
        let (a, b) = (n % values, n.wrapping_mul(7_919) % values);
        code.local_get(a).local_get(b).i64_rotl().local_get(b).i64_mul().local_set(a);
        if n % between_calls == 0 {
            code.call(0).drop();
        }
    }
    (0..values).for_each(|local| _ = code.local_get(local));
    (1..values).for_each(|_| _ = code.i64_xor());
    code.i32_wrap_i64().i32_const(ANSWER as i32).i32_add().end();
    Core { globals: values as usize, ..Core::of([answering(), function]) }.service()
}

/// So many functions that do next to nothing.
pub fn many_functions(count: usize) -> Vec<u8> {
    Core::of((0..count).map(|_| answering())).service()
}

/// So many functions, each with as many locals as there may be, in a few bytes.
pub fn many_locals(functions: usize, locals: u32) -> Vec<u8> {
    let idle = || {
        let mut function = Function::new([(locals, ValType::I64)]);
        function.instructions().i32_const(ANSWER as i32).end();
        function
    };
    Core::of((0..functions).map(|_| idle())).service()
}

/// A jump with so many targets.
pub fn jump_table(targets: u32) -> Vec<u8> {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    code.block(BlockType::Empty).block(BlockType::Empty).i32_const(1);
    code.br_table((0..targets).map(|n| n % 2), 0).end().end().i32_const(ANSWER as i32).end();
    Core::of([function]).service()
}

/// A jump with a block of its own for each of so many targets.
pub fn blocks(depth: u32) -> Vec<u8> {
    let mut function = Function::new([(1, ValType::I64)]);
    let mut code = function.instructions();
    (0..depth).for_each(|_| _ = code.block(BlockType::Empty));
    code.i32_const(0).br_table(0..depth, 0);
    (0..depth).for_each(|n| _ = code.end().local_get(0).i64_const(n.into()).i64_mul().local_set(0));
    code.i32_const(ANSWER as i32).end();
    Core::of([function]).service()
}

/// So many memories, tables, globals, core types and exports in one module.
pub fn many_of_each(count: usize) -> Vec<u8> {
    let few = count.min(100);
    let core = Core {
        memories: vec![1; few],
        tables: vec![1; few],
        globals: count,
        types: count,
        exports: count,
        ..Core::of([answering()])
    };
    core.service()
}

/// So many memories of 4 GiB each.
pub fn huge_memories(count: usize) -> Vec<u8> {
    Core { memories: vec![1 << 16; count], ..Core::of([answering()]) }.service()
}

/// Initial data of so many MiB.
pub fn data(mib: usize) -> Vec<u8> {
    Core { memories: vec![mib as u64 * 16 + 1], data: vec![(0, mib << 20)], ..Core::of([answering()]) }.service()
}

/// So many modules, each with two bytes of data that lie far apart.
pub fn sparse_data(modules: usize) -> Vec<u8> {
    let far = || Core { memories: vec![257], data: vec![(0, 1), (16 << 20, 1)], ..Core::of([answering()]) }.module();
    service(&Core::of([answering()]).module(), |it| (0..modules).for_each(|_| _ = it.core_module(None, &far())))
}

/// A section of so many MiB that nobody reads.
pub fn custom_section(mib: usize) -> Vec<u8> {
    service(&Core::of([answering()]).module(), |it| {
        it.custom_section(&CustomSection { name: "huge".into(), data: vec![7; mib << 20].into() });
    })
}

/// So many sections with nothing in them.
pub fn custom_sections(count: usize) -> Vec<u8> {
    service(&Core::of([answering()]).module(), |it| {
        let nothing = CustomSection { name: "".into(), data: [][..].into() };
        (0..count).for_each(|_| it.custom_section(&nothing));
    })
}

/// So many modules of one function each.
pub fn many_modules(count: usize) -> Vec<u8> {
    let module = Core::of([answering()]).module();
    service(&module, |it| {
        let none: [(&str, ModuleArg); 0] = [];
        for _ in 0..count {
            let inner = it.core_module(None, &module);
            it.core_instantiate(None, inner, none);
        }
    })
}

/// Components within components.
pub fn nested_components(depth: usize) -> Vec<u8> {
    let mut inner = Component::HEADER.to_vec();
    for _ in 0..depth {
        // Written by hand: an encoder would copy each as often as it is deep.
        let mut outer = Component::HEADER.to_vec();
        outer.push(4);
        let mut length = inner.len();
        while length > 0x7f {
            outer.push(length as u8 | 0x80);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.append(&mut inner);
        inner = outer;
    }
    inner
}

/// A function that takes a list of lists of lists.
pub fn deep_type(depth: u32) -> Vec<u8> {
    taking(|it| {
        (0..depth).fold(PrimitiveValType::U8.into(), |inner: ComponentValType, _| {
            let (ty, defined) = it.type_defined(None);
            defined.list(inner);
            ComponentValType::Type(ty)
        })
    })
}

/// A function that takes pairs of pairs of pairs: twice as much with each.
pub fn exponential_type(depth: u32) -> Vec<u8> {
    taking(|it| pairs(it, depth))
}

fn pairs(it: &mut ComponentBuilder, depth: u32) -> ComponentValType {
    (0..depth).fold(PrimitiveValType::U8.into(), |inner: ComponentValType, _| {
        let (ty, defined) = it.type_defined(None);
        defined.tuple([inner, inner]);
        ComponentValType::Type(ty)
    })
}

/// A service with a second function that takes such a value; its code is never called.
fn taking(ty: impl FnOnce(&mut ComponentBuilder) -> ComponentValType) -> Vec<u8> {
    service(&Core::of([answering()]).module(), |it| {
        let ty = ty(it);
        let taker = taker(it, ty);
        it.export("take", ComponentExportKind::Func, taker, None);
    })
}

/// A function that takes one value of this type through memory, and does nothing with it.
fn taker(it: &mut ComponentBuilder, ty: ComponentValType) -> u32 {
    let module = it.core_module(None, &taking_module());
    let none: [(&str, ModuleArg); 0] = [];
    let instance = it.core_instantiate(None, module, none);
    let memory = it.core_alias_export(None, instance, "memory", ExportKind::Memory);
    let realloc = it.core_alias_export(None, instance, "realloc", ExportKind::Func);
    let take = it.core_alias_export(None, instance, "take", ExportKind::Func);
    let (function_type, mut function) = it.type_function(None);
    // With a list before it, it is always more than is passed without memory.
    let many = ComponentValType::Primitive(PrimitiveValType::String);
    let params: Vec<_> = (0..9).map(|n| (format!("s{n}"), many)).chain([("it".to_owned(), ty)]).collect();
    let params: Vec<_> = params.iter().map(|(name, ty)| (name.as_str(), *ty)).collect();
    function.params(params).result(None);
    it.lift_func(None, take, function_type, [CanonicalOption::Memory(memory), CanonicalOption::Realloc(realloc)])
}

fn taking_module() -> Module {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], []);
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    module.section(&types);
    let mut functions = FunctionSection::new();
    functions.function(0).function(1);
    module.section(&functions);
    let mut memories = MemorySection::new();
    memories.memory(memory(1));
    module.section(&memories);
    let mut exports = ExportSection::new();
    exports.export("take", ExportKind::Func, 0).export("realloc", ExportKind::Func, 1);
    exports.export("memory", ExportKind::Memory, 0);
    module.section(&exports);
    let mut code = CodeSection::new();
    let (mut take, mut realloc) = (Function::new([]), Function::new([]));
    take.instructions().end();
    realloc.instructions().i32_const(0).end();
    code.function(&take).function(&realloc);
    module.section(&code);
    module
}

/// An interface with a name of so many bytes, and so many functions: each has the name of the interface in its own.
pub fn long_names(bytes: usize, functions: usize) -> Vec<u8> {
    let mut inner = ComponentBuilder::default();
    let answer = answer(&mut inner, &Core::of([answering()]).module());
    (0..functions).for_each(|n| _ = inner.export(format!("f{n}"), ComponentExportKind::Func, answer, None));
    service(&Core::of([answering()]).module(), |it| {
        let inner = it.component(None, inner);
        let none: [(&str, ComponentExportKind, u32); 0] = [];
        let instance = it.instantiate(None, inner, none);
        it.export(format!("a:b/{}", "c".repeat(bytes)), ComponentExportKind::Instance, instance, None);
    })
}

/// So many functions that take a type of some hundred parts.
pub fn broad_functions(count: usize) -> Vec<u8> {
    service(&Core::of([answering()]).module(), |it| {
        let ty = pairs(it, 9);
        let taker = taker(it, ty);
        (0..count).for_each(|n| _ = it.export(format!("take{n}"), ComponentExportKind::Func, taker, None));
    })
}

/// So many functions that it wants of others.
pub fn many_imports(count: usize) -> Vec<u8> {
    service(&Core::of([answering()]).module(), |it| {
        let (ty, mut function) = it.type_function(None);
        let none: [(&str, ComponentValType); 0] = [];
        function.params(none).result(None);
        (0..count).for_each(|n| _ = it.import(format!("i{n}"), ComponentTypeRef::Func(ty)));
    })
}

/// One component calls another with so many strings at a time, each in another encoding there: the code that passes them on
/// is the compiler's own.
pub fn adapters(strings: usize) -> Vec<u8> {
    let string = ComponentValType::Primitive(PrimitiveValType::String);
    let tuple = |it: &mut ComponentBuilder| {
        let (ty, defined) = it.type_defined(None);
        defined.tuple(vec![string; strings]);
        ComponentValType::Type(ty)
    };
    let mut callee = ComponentBuilder::default();
    let ty = tuple(&mut callee);
    let take = taker(&mut callee, ty);
    callee.export("take", ComponentExportKind::Func, take, None);

    let mut caller = ComponentBuilder::default();
    let ty = tuple(&mut caller);
    let (function_type, mut function) = caller.type_function(None);
    let params: Vec<_> = (0..9).map(|n| (format!("s{n}"), string)).chain([("it".to_owned(), ty)]).collect();
    function.params(params.iter().map(|(name, ty)| (name.as_str(), *ty)).collect::<Vec<_>>()).result(None);
    let take = caller.import("take", ComponentTypeRef::Func(function_type));
    let module = caller.core_module(None, &taking_module());
    let none: [(&str, ModuleArg); 0] = [];
    let instance = caller.core_instantiate(None, module, none);
    let memory = caller.core_alias_export(None, instance, "memory", ExportKind::Memory);
    let lowered = caller.lower_func(None, take, [CanonicalOption::Memory(memory), CanonicalOption::UTF16]);
    let imports = caller.core_instantiate_exports(None, [("take", ExportKind::Func, lowered)]);
    let module = caller.core_module(None, &calling_module());
    caller.core_instantiate(None, module, [("host", ModuleArg::Instance(imports))]);

    service(&Core::of([answering()]).module(), |it| {
        let callee = it.component(None, callee);
        let caller = it.component(None, caller);
        let none: [(&str, ComponentExportKind, u32); 0] = [];
        let callee = it.instantiate(None, callee, none);
        let take = it.alias_export(callee, "take", ComponentExportKind::Func);
        it.instantiate(None, caller, [("take", ComponentExportKind::Func, take)]);
    })
}

fn calling_module() -> Module {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], []);
    module.section(&types);
    let mut imports = ImportSection::new();
    imports.import("host", "take", EntityType::Function(0));
    module.section(&imports);
    let mut exports = ExportSection::new();
    exports.export("take", ExportKind::Func, 0);
    module.section(&exports);
    module
}

/// What takes long to compile, and last something that is no code at all.
pub fn wrong_at_its_end(depth: u32, locals: u32) -> Vec<u8> {
    let mut wrong = Function::new([]);
    wrong.instructions().i64_const(0).end();
    Core::of([of_loops(depth, locals), wrong]).service()
}

/// The same bytes but for a mark at their end, as a version of its own.
pub fn marked(mut bytes: Vec<u8>, mark: u8) -> Vec<u8> {
    bytes.extend([0, 3, 1, b'm', mark]);
    bytes
}
