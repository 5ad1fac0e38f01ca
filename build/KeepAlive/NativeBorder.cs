using Mono.Cecil;
using Mono.Cecil.Cil;

namespace SparkTrain.KeepAlive;

/// <summary>The places of an assembly where managed objects meet native code, as <see cref="KeepAliveWeaver"/> changes and a test verifies them.</summary>
public static class NativeBorder
{
    /// <summary>Returns the method's native calls: calls of functions declared by DllImport.</summary>
    public static IReadOnlyList<Instruction> NativeCalls(MethodDefinition method) =>
        [.. method.Body.Instructions.Where(i => i.OpCode == OpCodes.Call && i.Operand is MethodReference called && IsNative(called))];

    /// <summary>
    /// Returns the instructions that turn the object on top of the stack into a native handle: <c>x.Handle</c>, a field of type IntPtr,
    /// or a call that takes one object and returns a handle or an array of them. What native calls take themselves (texts, SafeHandles) is kept alive by .NET.
    /// </summary>
    public static IReadOnlyList<Instruction> HandleReads(MethodDefinition method) => [.. method.Body.Instructions.Where(ReadsHandle)];

    /// <summary>Returns true where the method itself reads memory behind a pointer that an object holds, so that the object must outlive the whole method.</summary>
    public static bool ReadsPointerField(MethodDefinition method) =>
        method.Body.Instructions.Any(i => i.OpCode == OpCodes.Ldfld && i.Operand is FieldReference field && !field.DeclaringType.IsValueType && IsHandle(field.FieldType));

    /// <summary>Returns true for a type whose values may hold references to objects but are not references themselves, for example a tuple of tensors.</summary>
    public static bool HoldsReferences(TypeReference type) => HoldsReferences(type, []);

    /// <summary>Returns true for Span&lt;T&gt; and ReadOnlySpan&lt;T&gt; over references.</summary>
    public static bool IsSpanOfReferences(TypeReference type) =>
        type is GenericInstanceType { GenericArguments: [{ } item] } span && span.ElementType.FullName is "System.Span`1" or "System.ReadOnlySpan`1" && (IsReference(((GenericInstanceType)type).GenericArguments[0]) || HoldsReferences(((GenericInstanceType)type).GenericArguments[0]));

    /// <summary>Returns true for classes, interfaces, arrays and delegates.</summary>
    public static bool IsReference(TypeReference type) => type switch
    {
        ByReferenceType or PointerType or FunctionPointerType or PinnedType => false,
        GenericParameter parameter => parameter.HasReferenceTypeConstraint,
        RequiredModifierType modified => IsReference(modified.ElementType),
        ArrayType => true,
        _ => !type.IsValueType,
    };

    private static bool HoldsReferences(TypeReference type, HashSet<string> seen)
    {
        if (IsReference(type) || type.IsPrimitive || type is ByReferenceType or PointerType or FunctionPointerType or PinnedType or GenericParameter || !seen.Add(type.FullName)) return false;
        if (type is GenericInstanceType generic && generic.GenericArguments.Any(a => IsReference(a) || HoldsReferences(a, seen))) return true;
        if (type.Scope is AssemblyNameReference && type is not GenericInstanceType) return false; // knows none of this assembly's objects
        var definition = type.Resolve();
        return definition is { IsEnum: false } && definition.Fields.Any(f => !f.IsStatic && (IsReference(f.FieldType) && f.FieldType is not GenericParameter || HoldsReferences(f.FieldType, seen)));
    }

    // Functions that another assembly declares are called through a method of that assembly.
    private static bool IsNative(MethodReference method) => method.DeclaringType.Scope is ModuleDefinition && method.Resolve() is { IsPInvokeImpl: true };

    private static bool ReadsHandle(Instruction instruction) => instruction switch
    {
        { OpCode.Code: Code.Ldfld, Operand: FieldReference field } => !field.DeclaringType.IsValueType && IsHandle(field.FieldType),
        { OpCode.FlowControl: FlowControl.Call, Operand: MethodReference called } when called.Name != ".ctor" && !IsNative(called) =>
            (IsHandle(called.ReturnType) || called.ReturnType is ArrayType { ElementType: { } element } && IsHandle(element))
            && (called.HasThis ? called.Parameters.Count == 0 && !called.DeclaringType.IsValueType : called.Parameters.Count == 1 && IsReference(called.Parameters[0].ParameterType)),
        _ => false,
    };

    private static bool IsHandle(TypeReference type) => type is PointerType || type.FullName is "System.IntPtr" or "System.UIntPtr";
}
