using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace SparkTrain.KeepAlive;

/// <summary>
/// Rewrites an assembly so that no garbage collection can finalize an object while native code uses what it holds. A method's arguments and locals are dead for
/// the collector after their last use, which is the moment when the handle is read, before the native function begins; the finalizer thread may then free what
/// the function reads. Behind every native call, and where the method ends, its objects are therefore handed to <see cref="GC.KeepAlive"/>.
/// </summary>
public sealed class KeepAliveWeaver
{
    /// <summary>Key of the AssemblyMetadata attribute that marks a rewritten assembly.</summary>
    public const string Marker = "KeepsNativeArgumentsAlive";

    private readonly ModuleDefinition module;
    private readonly IMetadataScope library;
    private readonly MethodReference keepAlive;

    /// <summary>Prepares the rewriting of a module.</summary>
    public KeepAliveWeaver(ModuleDefinition module)
    {
        this.module = module;
        library = module.TypeSystem.Object.Scope;
        keepAlive = new MethodReference(nameof(GC.KeepAlive), module.TypeSystem.Void, new TypeReference("System", "GC", module, library))
        {
            Parameters = { new ParameterDefinition(module.TypeSystem.Object) },
        };
    }

    /// <summary>Rewrites every method that calls native code or reads memory behind a pointer of an object; returns how many methods and native calls there were.</summary>
    /// <exception cref="NotSupportedException">A method holds objects in a way that cannot be kept alive.</exception>
    public (int Methods, int Calls) Run()
    {
        int methods = 0, calls = 0;
        foreach (var method in module.GetTypes().SelectMany(t => t.Methods).Where(m => m.HasBody).ToList())
        {
            var native = NativeBorder.NativeCalls(method);
            if (native.Count == 0 && !NativeBorder.ReadsPointerField(method)) continue;
            Rewrite(method, native);
            methods++;
            calls += native.Count;
        }
        Mark();
        return (methods, calls);
    }

    private void Rewrite(MethodDefinition method, IReadOnlyList<Instruction> nativeCalls)
    {
        var body = method.Body;
        body.SimplifyMacros();
        body.InitLocals = true; // a local that no branch has set yet is null, not garbage
        var il = body.GetILProcessor();
        foreach (var read in NativeBorder.HandleReads(method)) Capture(il, read);
        foreach (var span in method.Parameters.Where(p => NativeBorder.IsSpanOfReferences(p.ParameterType)).ToList()) Copy(il, span);

        foreach (var call in nativeCalls) InsertAfter(il, call, Kept(method));
        // Addresses that native code gave out may be used up to the end.
        foreach (var exit in body.Instructions.Where(i => i.OpCode == OpCodes.Ret).ToList())
        {
            // Branches to the return must come through the new instructions, so the old one stays in its place as a no-op.
            exit.OpCode = OpCodes.Nop;
            InsertAfter(il, exit, Kept(method).Append(il.Create(OpCodes.Ret)));
        }
        body.OptimizeMacros();
    }

    private static void InsertAfter(ILProcessor il, Instruction place, IEnumerable<Instruction> instructions)
    {
        foreach (var instruction in instructions)
        {
            il.InsertAfter(place, instruction);
            place = instruction;
        }
    }

    /// <summary>Keeps the object whose handle is about to be read in a local of its own: it may be a temporary that nothing else holds.</summary>
    private void Capture(ILProcessor il, Instruction read)
    {
        var held = new VariableDefinition(module.TypeSystem.Object);
        il.Body.Variables.Add(held);
        // Branches to the read must come through the capture, so the read moves behind it.
        var moved = il.Create(OpCodes.Nop);
        (moved.OpCode, moved.Operand) = (read.OpCode, read.Operand);
        (read.OpCode, read.Operand) = (OpCodes.Dup, null);
        var store = il.Create(OpCodes.Stloc, held);
        il.InsertAfter(read, store);
        il.InsertAfter(store, moved);
    }

    /// <summary>Copies a span of objects into an array at the method's begin: a span cannot be handed to KeepAlive.</summary>
    private void Copy(ILProcessor il, ParameterDefinition span)
    {
        var type = (GenericInstanceType)span.ParameterType;
        var held = new VariableDefinition(module.TypeSystem.Object);
        il.Body.Variables.Add(held);
        var toArray = new MethodReference("ToArray", new ArrayType(type.ElementType.GenericParameters[0]), type) { HasThis = true };
        var first = il.Body.Instructions[0];
        il.InsertBefore(first, il.Create(OpCodes.Ldarga, span));
        il.InsertBefore(first, il.Create(OpCodes.Call, toArray));
        il.InsertBefore(first, il.Create(OpCodes.Stloc, held));
    }

    /// <summary>Instructions that hand this, every argument and every local to KeepAlive.</summary>
    private IEnumerable<Instruction> Kept(MethodDefinition method)
    {
        var il = method.Body.GetILProcessor();
        if (method.HasThis && !method.DeclaringType.IsValueType)
            foreach (var i in Keep(il.Create(OpCodes.Ldarg, method.Body.ThisParameter), method.DeclaringType)) yield return i;
        foreach (var parameter in method.Parameters)
            foreach (var i in Keep(il.Create(OpCodes.Ldarg, parameter), parameter.ParameterType)) yield return i;
        foreach (var local in method.Body.Variables)
            foreach (var i in Keep(il.Create(OpCodes.Ldloc, local), local.VariableType)) yield return i;

        IEnumerable<Instruction> Keep(Instruction load, TypeReference type)
        {
            bool isReference = NativeBorder.IsReference(type);
            if (!isReference && (NativeBorder.IsSpanOfReferences(type) || !NativeBorder.HoldsReferences(type) && type is not GenericParameter)) return [];
            if (!isReference && type.Resolve() is { } definition && definition.CustomAttributes.Any(a => a.AttributeType.Name == "IsByRefLikeAttribute"))
                throw new NotSupportedException($"{method.FullName} holds objects in a {type.FullName}");
            return isReference ? [load, il.Create(OpCodes.Call, keepAlive)] : [load, il.Create(OpCodes.Box, type), il.Create(OpCodes.Call, keepAlive)];
        }
    }

    private void Mark()
    {
        var text = module.TypeSystem.String;
        var type = new TypeReference("System.Reflection", "AssemblyMetadataAttribute", module, library);
        var constructor = new MethodReference(".ctor", module.TypeSystem.Void, type) { HasThis = true, Parameters = { new ParameterDefinition(text), new ParameterDefinition(text) } };
        module.Assembly.CustomAttributes.Add(new CustomAttribute(constructor)
        {
            ConstructorArguments = { new CustomAttributeArgument(text, Marker), new CustomAttributeArgument(text, "true") },
        });
        module.Attributes &= ~ModuleAttributes.StrongNameSigned;
    }
}
