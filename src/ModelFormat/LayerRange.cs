using System.ComponentModel.DataAnnotations;

namespace SparkTrain.ModelFormat;

/// <summary>Neighbouring layers, counted from 0.</summary>
public abstract record LayerRange
{
    /// <summary>The first of them, counted from 0.</summary>
    [Range(0, 1023)]
    public required int FirstLayer { get; init; }

    /// <summary>The last of them.</summary>
    [Range(0, 1023)]
    public required int LastLayer { get; init; }

    /// <summary>True where <paramref name="layer"/> is one of them.</summary>
    public bool Holds(int layer) => layer >= FirstLayer && layer <= LastLayer;

    /// <summary>Says why these ranges do not fit a model of so many layers; null where they do.</summary>
    internal static string? Problem(IEnumerable<LayerRange> ranges, int numLayers)
    {
        var taken = new LayerRange?[numLayers];
        foreach (var range in ranges)
        {
            if (range.LastLayer < range.FirstLayer) return $"has a range from layer {range.FirstLayer} to {range.LastLayer}; the last must not come before the first.";
            if (range.LastLayer >= numLayers) return $"has a range to layer {range.LastLayer}; the last layer is NumLayers − 1 = {numLayers - 1}.";
            for (int layer = range.FirstLayer; layer <= range.LastLayer; layer++)
            {
                if (taken[layer] is not null) return $"names layer {layer} twice; ranges must not overlap.";
                taken[layer] = range;
            }
        }
        return null;
    }
}
