# A hundred identities of CASIA-WebFace, each a folder of images named so.
base_classes = tuple(f'{number:03d}' for number in range(100))
