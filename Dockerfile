# s3ft with the sandbox's best tier; --gpus all gives it the GPUs of the machine.
#   docker build -t s3ft .
#   docker run --rm -it --security-opt seccomp=unconfined --security-opt apparmor=unconfined -v "$PWD:/data" s3ft run my.yaml
# bubblewrap makes user namespaces, which Docker's own seccomp profile forbids: hence the two options. Without them the
# sandbox takes its next tier and says so.
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends bubblewrap && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN pip install --no-cache-dir --constraint /src/constraints.txt "/src[openai]" && rm -rf /src
RUN useradd --create-home user && mkdir /data && chown user /data
USER user
WORKDIR /data
ENTRYPOINT ["s3ft"]
CMD ["--help"]
