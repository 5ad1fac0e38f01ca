namespace SparkTrain.Kernels;

/// <summary>Rows of keys or values turned into panels [panel, coordinate, 32 keys], made when first asked for: gathering never needs most of them.</summary>
internal sealed unsafe class KeyPanels(float* rows, int stride, int width, int keys, Arena arena)
{
    /// <summary>Keys of one panel.</summary>
    internal const int Keys = 32;

    private readonly float* panels = width > 0 ? arena.Take((long)keys * width) : null;
    private int done;

    /// <summary>Returns the panels, ready for all keys before <paramref name="end"/>, a multiple of 32.</summary>
    internal float* UpTo(int end)
    {
        for (; done < end; done += Keys)
        {
            float* panel = panels + (long)done * width, source = rows + (long)done * stride;
            for (int i = 0; i < width; i++, panel += Keys)
                for (int key = 0; key < Keys; key++) panel[key] = source[(long)key * stride + i];
        }
        return panels;
    }
}
