using System.Globalization;

namespace SparkTrain.Launcher.Doctor;

/// <summary>Sizes in bytes as people read them.</summary>
internal static class Size
{
    /// <summary>Writes a size with three digits or so: 17 MiB, 1.5 GiB, 23 GiB.</summary>
    public static string Text(long bytes)
    {
        string[] units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
        var (value, unit) = ((double)bytes, 0);
        for (; value >= 1024 && unit < units.Length - 1; unit++) value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Round(value, value < 10 && unit > 0 ? 1 : 0)} {units[unit]}");
    }
}
