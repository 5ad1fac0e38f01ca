using System.Globalization;
using System.Text.RegularExpressions;
using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints;

/// <summary>Consecutive elements of a tensor: what one rank has of it in a checkpoint.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Shape">The shape of the whole tensor.</param>
/// <param name="First">The piece's first element, in row-major order.</param>
/// <param name="Count">Its number of elements.</param>
public sealed partial record TensorPiece(string Name, long[] Shape, long First, long Count)
{
    /// <summary>The piece as it stands in a safetensors file: a whole tensor under its name, any other as <c>name[first:end]</c>, one-dimensional.</summary>
    public TensorInfo Info => Count == Shape.Aggregate(1L, (a, b) => a * b)
        ? new(Name, TensorType.F32, Shape)
        : new(string.Create(CultureInfo.InvariantCulture, $"{Name}[{First}:{First + Count}]"), TensorType.F32, [Count]);

    /// <summary>Splits a name in a file into the tensor's name and the piece's first element.</summary>
    public static (string Name, long First) Parse(string nameInFile) =>
        NameOfPiece().Match(nameInFile) is { Success: true } match ? (match.Groups[1].Value, long.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture)) : (nameInFile, 0);

    [GeneratedRegex(@"^(.*)\[(\d+):\d+\]$")]
    private static partial Regex NameOfPiece();
}
