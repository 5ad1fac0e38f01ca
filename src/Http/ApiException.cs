using SparkTrain.Input;

namespace SparkTrain.Http;

/// <summary>An answer other than success. Each server has its own form for it.</summary>
/// <param name="status">The HTTP status code.</param>
/// <param name="message">What is wrong and what is expected, for people; of a long one the middle is left out.</param>
/// <param name="param">The field that it is about; null for none.</param>
/// <param name="code">A short name for programs; null for none.</param>
public sealed class ApiException(int status, string message, string? param = null, string? code = null) : Exception(ErrorText.Short(message))
{
    /// <summary>The HTTP status code.</summary>
    public int Status { get; } = status;

    /// <summary>The field that it is about; null for none.</summary>
    public string? Param { get; } = param;

    /// <summary>A short name for programs; null for none.</summary>
    public string? Code { get; } = code;

    /// <summary>True where a line of the log tells of it already: the request broke HTTP.</summary>
    public bool IsLogged { get; init; }
}
