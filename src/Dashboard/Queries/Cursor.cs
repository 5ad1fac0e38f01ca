using System.Globalization;

namespace SparkTrain.Dashboard;

/// <summary>A place in a list that goes back in time: what is asked for comes before it.</summary>
/// <param name="Time">Milliseconds since 1970.</param>
/// <param name="Id">Tells things of the same time apart.</param>
internal readonly record struct Cursor(long Time, long Id)
{
    /// <summary>Begins at the newest.</summary>
    public static Cursor Newest => new(long.MaxValue, long.MaxValue);

    /// <summary>Reads what <see cref="ToString"/> has written; null where it is something else.</summary>
    public static Cursor? Parse(string text)
    {
        int dash = text.LastIndexOf('-');
        return dash > 0 && long.TryParse(text.AsSpan(0, dash), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long time) && long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            ? new(time, id) : null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Time}-{Id}");
}
