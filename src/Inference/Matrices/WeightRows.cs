using System.Runtime.InteropServices;
using SparkTrain.ModelFormat;
using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>A weight as its source holds it, row by row as float32.</summary>
internal readonly unsafe struct WeightRows
{
    private readonly byte* values;
    private readonly TensorType type;

    /// <summary>Reads a weight; what the source hands out is valid until it is asked for the next.</summary>
    public WeightRows(IWeightSource source, WeightSlot weight)
    {
        values = source.Read(weight);
        // A vector is one row.
        (type, Rows, Columns) = (source.TypeOf(weight), weight.Shape.Length == 1 ? 1 : (int)weight.Shape[0], (int)weight.Shape[^1]);
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Numbers of a row.</summary>
    public int Columns { get; }

    /// <summary>Copies part of a row.</summary>
    public void Copy(long row, int first, int count, float* target)
    {
        byte* start = values + (row * Columns + first) * type.Size();
        if (type == TensorType.BF16) Bfloat16Row.Widen((ushort*)start, count, target);
        else WeightConversion.Widen(start, type, target, count);
    }

    /// <summary>A weight of one row as float32.</summary>
    public static float[] Vector(IWeightSource source, WeightSlot weight)
    {
        float[] vector = new float[weight.Count];
        fixed (float* target = vector) new WeightRows(source, weight).Copy(0, 0, vector.Length, target);
        return vector;
    }
}
