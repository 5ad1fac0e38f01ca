using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SparkTrain.Http;

namespace SparkTrain.Dashboard;

/// <summary>Reads the parameters of a request.</summary>
internal static class Question
{
    public static string Text(HttpContext http, string name) =>
        http.Request.Query[name] is [{ Length: > 0 } value, ..] ? value : throw Refuse(name, "is missing");

    public static string Text(HttpContext http, string name, string otherwise) => http.Request.Query[name] is [{ Length: > 0 } value, ..] ? value : otherwise;

    public static string[] Texts(HttpContext http, string name, int max)
    {
        string[] values = [.. http.Request.Query[name].OfType<string>().Where(value => value.Length > 0)];
        return values.Length == 0 ? throw Refuse(name, "is missing") : values.Length > max ? throw Refuse(name, $"is there {values.Length} times; {max} are allowed") : values;
    }

    public static long Whole(HttpContext http, string name, long otherwise, long least, long most)
    {
        if (http.Request.Query[name] is not [{ Length: > 0 } text, ..]) return otherwise;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value >= least && value <= most ? value : throw Refuse(name, $"must be a whole number from {least} to {most}");
    }

    public static double Number(HttpContext http, string name, double otherwise)
    {
        if (http.Request.Query[name] is not [{ Length: > 0 } text, ..]) return otherwise;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : throw Refuse(name, "must be a number");
    }

    /// <summary>Returns the run's id at the path's end. The name of a run may hold a slash, which routing leaves encoded.</summary>
    public static string RunOfPath(HttpContext http, string before)
    {
        string target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0];
        return target.StartsWith(before, StringComparison.OrdinalIgnoreCase) ? Uri.UnescapeDataString(target[before.Length..]) : "";
    }

    public static ApiException Refuse(string name, string problem) => new(StatusCodes.Status400BadRequest, $"Parameter {name} {problem}.");
}
