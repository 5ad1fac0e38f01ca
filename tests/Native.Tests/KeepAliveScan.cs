using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;
using SparkTrain.KeepAlive;

namespace SparkTrain.Native.Tests;

/// <summary>Finds native calls of an assembly during which a finalizer could free what the call is using.</summary>
internal static class KeepAliveScan
{
    /// <summary>Returns a line for every object that a method does not keep alive over a native call or to its end.</summary>
    public static IReadOnlyList<string> Problems(ModuleDefinition module) => [.. module.GetTypes().SelectMany(t => t.Methods).Where(m => m.HasBody).SelectMany(Problems)];

    /// <summary>Returns the number of native calls.</summary>
    public static int Calls(ModuleDefinition module) => module.GetTypes().SelectMany(t => t.Methods).Where(m => m.HasBody).Sum(m => NativeBorder.NativeCalls(m).Count);

    private static IEnumerable<string> Problems(MethodDefinition method)
    {
        var calls = NativeBorder.NativeCalls(method);
        if (calls.Count == 0 && !NativeBorder.ReadsPointerField(method)) yield break;
        method.Body.SimplifyMacros();
        foreach (var read in NativeBorder.HandleReads(method))
            if (read.Previous?.OpCode != OpCodes.Stloc || read.Previous.Previous?.OpCode != OpCodes.Dup) yield return $"{method.FullName}: nothing holds the object of {read}";
        string[] objects = [.. Objects(method)];
        foreach (var call in calls)
            foreach (string lost in objects.Except(KeptFrom(call.Next))) yield return $"{method.FullName}: {lost} is not kept over {call}";
        foreach (var exit in method.Body.Instructions.Where(i => i.OpCode == OpCodes.Ret))
            foreach (string lost in objects.Except(KeptBefore(exit))) yield return $"{method.FullName}: {lost} is not kept to the end";
    }

    private static IEnumerable<string> Objects(MethodDefinition method)
    {
        if (method.HasThis && !method.DeclaringType.IsValueType) yield return "this";
        foreach (var parameter in method.Parameters.Where(p => Matters(p.ParameterType))) yield return $"argument {parameter.Index}";
        foreach (var local in method.Body.Variables.Where(v => Matters(v.VariableType))) yield return $"local {local.Index}";
        static bool Matters(TypeReference type) => NativeBorder.IsReference(type) || NativeBorder.HoldsReferences(type) && !NativeBorder.IsSpanOfReferences(type);
    }

    private static HashSet<string> KeptFrom(Instruction? at)
    {
        HashSet<string> kept = [];
        while (at is { OpCode.Code: Code.Ldarg or Code.Ldloc })
        {
            var after = at.Next.OpCode == OpCodes.Box ? at.Next.Next : at.Next;
            if (!IsKeepAlive(after)) break;
            kept.Add(Name(at));
            at = after.Next;
        }
        return kept;
    }

    private static HashSet<string> KeptBefore(Instruction exit)
    {
        HashSet<string> kept = [];
        for (var at = exit.Previous; at is not null && IsKeepAlive(at);)
        {
            var load = at.Previous.OpCode == OpCodes.Box ? at.Previous.Previous : at.Previous;
            kept.Add(Name(load));
            at = load.Previous;
        }
        return kept;
    }

    private static bool IsKeepAlive(Instruction at) => at is { OpCode.Code: Code.Call, Operand: MethodReference { Name: nameof(GC.KeepAlive), DeclaringType.FullName: "System.GC" } };

    private static string Name(Instruction load) => load.Operand switch
    {
        ParameterDefinition { Index: -1 } => "this",
        ParameterDefinition parameter => $"argument {parameter.Index}",
        VariableDefinition local => $"local {local.Index}",
        _ => load.ToString(),
    };
}
