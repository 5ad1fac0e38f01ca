using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SparkTrain.Http;

/// <summary>Reads the body of a request, unpacked where it came packed, and never more than is allowed: a small body may unpack to gigabytes. Whatever a client does wrong with it is an answer, never a fault of the server.</summary>
/// <param name="maxBytes">Longest body, unpacked.</param>
/// <param name="unpacksGzip">Takes bodies that are packed by gzip.</param>
/// <param name="log">Is told of bodies that break HTTP, where the web server does not tell it itself.</param>
public sealed class RequestBody(int maxBytes, bool unpacksGzip, WebLog log)
{
    private const int PieceBytes = 1 << 16;

    // A body is packed once; twice is legal, more is an attempt to keep the server busy.
    private const int MaxPackings = 2;

    /// <summary>Returns all of it.</summary>
    /// <exception cref="ApiException">It is too long (413), packed in another way (415), too slow (408), or breaks HTTP or gzip (400).</exception>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext http)
    {
        int packings = Packings(http);
        Stream unpacked = http.Request.Body;
        for (int i = 0; i < packings; i++) unpacked = new GZipStream(unpacked, CompressionMode.Decompress);
        await using var _ = unpacked;
        using var body = new MemoryStream();
        byte[] piece = new byte[PieceBytes];
        try
        {
            while (await unpacked.ReadAsync(piece, http.RequestAborted) is > 0 and var count)
            {
                if (body.Length + count > maxBytes) throw TooLong();
                body.Write(piece, 0, count);
            }
        }
        catch (InvalidDataException)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "The body is not gzip, as Content-Encoding says.");
        }
        catch (BadHttpRequestException e)
        {
            throw e.StatusCode == StatusCodes.Status413PayloadTooLarge ? TooLong() : Unreadable(http, e.StatusCode, e);
        }
        // Some of what breaks HTTP comes as this one, for example a chunk whose size no number holds.
        catch (IOException e) when (!http.RequestAborted.IsCancellationRequested)
        {
            log(LogLevel.Information, BadRequestLine.Of(e.Message), null);
            throw Unreadable(http, StatusCodes.Status400BadRequest, e);
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    // Tokens in any case, in one header or several (RFC 9110, 8.4); x-gzip is gzip, identity is nothing.
    private int Packings(HttpContext http)
    {
        int count = 0;
        foreach (string packing in http.Request.Headers.ContentEncoding.SelectMany(header => (header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)))
        {
            if (packing.Equals("identity", StringComparison.OrdinalIgnoreCase)) continue;
            bool isGzip = packing.Equals("gzip", StringComparison.OrdinalIgnoreCase) || packing.Equals("x-gzip", StringComparison.OrdinalIgnoreCase);
            if (isGzip && unpacksGzip && ++count <= MaxPackings) continue;
            http.Response.Headers.AcceptEncoding = unpacksGzip ? "gzip" : "identity";
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, unpacksGzip ? "Content-Encoding must be gzip, or absent." : "The body must not be compressed.", code: "unsupported_encoding");
        }
        return count;
    }

    // Nobody knows where the next request begins.
    private static ApiException Unreadable(HttpContext http, int status, Exception e)
    {
        http.Response.Headers.Connection = "close";
        return new(status, "The request could not be read: " + e.Message) { IsLogged = true };
    }

    private ApiException TooLong() => new(StatusCodes.Status413PayloadTooLarge, unpacksGzip ? FormattableString.Invariant($"The body is longer than this server takes, which is {maxBytes} bytes unpacked. Send less at a time.") : "The body of the request is longer than this server takes.");
}
