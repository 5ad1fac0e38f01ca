namespace SparkTrain.ModelFormat;

/// <summary>Element types of safetensors files that SparkTrain reads and writes.</summary>
public enum TensorType
{
    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>IEEE 754 binary64.</summary>
    F64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Byte.</summary>
    U8,
}

/// <summary>Sizes of the element types.</summary>
public static class TensorTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this TensorType type) => type switch
    {
        TensorType.F64 or TensorType.I64 => 8,
        TensorType.F32 or TensorType.I32 => 4,
        TensorType.BF16 or TensorType.F16 => 2,
        _ => 1,
    };
}

/// <summary>A tensor's name, element type and shape, as a safetensors header holds them.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
public sealed record TensorInfo(string Name, TensorType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (a, b) => checked(a * b));

    /// <summary>Bytes of all elements.</summary>
    public long ByteLength => checked(Count * Type.Size());

    /// <summary>The shape as text, for messages: [96, 32].</summary>
    public static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
